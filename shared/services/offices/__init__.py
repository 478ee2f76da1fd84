"""The directory as organizers see and correct it: lists, single offices, changes with their undoing, imports."""
