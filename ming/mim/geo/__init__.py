"""Geometry: shapes of the plane and the sphere, GeoJSON, and the keys of geo indexes."""
