"""The three engines and the object store. Each port states its meaning; drivers are imported nowhere else."""
