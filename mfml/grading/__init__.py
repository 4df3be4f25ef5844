"""The autograder: specification, seal, worker, judge, report. It knows nothing of any unit.

A specification (`specification`) and a seed are sealed into an answer key (`seal`); a worker process
(`worker`) runs the student's file on the key's inputs and returns values; the judge (`judge`) compares them
with the key's outputs and never runs a student's code; reports (`report`) are written from its result.
"""
