"""What everybody says: errors, architectures, paths, and how things are shown; it imports nothing of Ruckus."""
