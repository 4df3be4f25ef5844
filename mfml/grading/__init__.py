"""The autograder. It reads specifications and knows nothing of any unit.

A specification and a seed are sealed into an answer key. A worker process runs the student's file on the key's
inputs and returns values. The judge compares them with the key's outputs and never runs a student's code. Every
report is written from the judge's result.

Each part may import those above it in this table, and itself. A test reads the table.

    course        where a course keeps its files
    run           workers: they load a submission, call its functions and return values
    verdict       the judge: comparisons, known mistakes, sentences, the result
    key           answer keys: specification, tolerances, sealing
    submission    grade one submission: the entrance for every command
    mutation      wrong answers that no check catches: mutants of the reference answers
    kit           write a student's course folder
    show          what a student sees: terminal, notebook, watching, hints, progress
"""
