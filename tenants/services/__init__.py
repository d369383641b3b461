"""Use cases of a forest: one file each, one public verb each. They open their own scopes."""
