"""A small history of our own: models and tasks that package registries deliver, fine-tuned here.

``mini.toml`` says which; ``python -m zoo.mini build`` makes the models and tasks and runs all jobs;
``history/`` holds the results, shipped as a record bundle.
"""
