"""Runs in other formats: JSON, CSV, Parquet, TensorBoard event files, MLflow."""
