"""Keys and who can open them: master keys, tenant keys, custody pairs, unlocking, authority keys."""
