"""Letters between forests: composing, delivery, reading."""
