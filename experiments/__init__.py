"""Which trainings and evaluations make which published figure, as data; see README.md here."""
