"""From an address to samples: a track is opened, its length found, and its samples checked. No Beam."""
