"""How letters leave a forest: the spool to another forest of this portal, SMTP to everywhere else."""
