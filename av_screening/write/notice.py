"""What every output says."""

NOTICE = "For research only. Not a medical device, not for diagnosis."
