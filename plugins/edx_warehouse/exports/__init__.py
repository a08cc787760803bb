"""Pure reading of what edX sends: tracking logs and weekly database exports."""
