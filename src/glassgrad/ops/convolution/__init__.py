"""Convolution and pooling over 1, 2, 3 or more axes of space; layout (batch, channel, *space). Floor 2.

A convolution is a trilinear form of an input, a weight and an output: x[p·stride + k·dilation − pad] w[k] y[p], summed.
Leaving one of the three open gives three rows, which are one another's transposes.
"""
