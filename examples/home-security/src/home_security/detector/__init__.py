"""Who stands in front of the camera: silhouettes that differ from the background.

One algorithm, twice: with NumPy on any machine, with CUDA where there is a graphics card.
"""
