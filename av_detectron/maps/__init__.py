"""What is read off an artery/vein map: segments, consistent labels, crossings."""
