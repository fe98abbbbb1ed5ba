"""The only place that chooses engines and joins slices: settings in, running application out."""
