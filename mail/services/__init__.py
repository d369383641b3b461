"""Use cases around letters: one file each, one public verb each. They open their own scopes."""
