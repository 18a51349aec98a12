"""A run over a folder: tasks, the processes that do them, what a killed run leaves."""
