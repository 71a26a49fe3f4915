"""The notifier's rules: what is said, how it is signed, when it is said again, and to which addresses never."""
