"""Tests of the embedded servers and of the commands that start them."""
