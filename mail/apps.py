from django.apps import AppConfig
from django.db.models.signals import post_migrate


class MailConfig(AppConfig):
    name = "mail"

    def ready(self) -> None:
        from mail import tasks  # noqa: F401  registers the kinds of due work
        from mail.services.letter_roots import LetterRoots
        from tenants import letter_roots
        from tenants.walls import grant_application_role

        letter_roots.register(LetterRoots())
        post_migrate.connect(grant_application_role, sender=self)
