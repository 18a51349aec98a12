"""The two vessels of a crossing: followed, straightened, measured."""
