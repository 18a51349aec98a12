"""Patches around crossings: manifests, images, splits, sampling, augmentation."""
