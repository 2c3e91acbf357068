"""Document classes out of stored documents: their shapes, how often each occurs, and classes for them. A door."""

from __future__ import annotations

from ming.infer.inference import Inference, Shape, infer
from ming.infer.reading import ainfer_collection, infer_collection

__all__ = ["Inference", "Shape", "ainfer_collection", "infer", "infer_collection"]
