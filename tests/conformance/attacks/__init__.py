"""Attacks made as products: every author with every signer, structure, wrapping and header.

`spoofing` forges seals, `exfiltration` carries secrets out of envelopes (EFAIL), `oracles` asks why a decryption failed.
Each generator knows which of its letters are honest, so that a run proves both halves: no attack succeeds, and the
honest letters built by the same hands do. `judging` holds what must be true of every answer.
"""
