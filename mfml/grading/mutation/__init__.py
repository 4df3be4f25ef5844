"""Mutation analysis: does every change of a reference answer lose points?"""
