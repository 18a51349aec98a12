"""A folder of photographs in, graded crossings and review pages out.

Composes `av_detectron` (photograph → crossings, masks, artery/vein map) and `av_grading` (patch and
map → grade), which know nothing of each other and nothing of this package.
"""
