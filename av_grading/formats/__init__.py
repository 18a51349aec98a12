"""Every file that is read or written, and what a grade is: one home each."""
