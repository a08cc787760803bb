"""Bytes by name: Numba compares them with numbers, not with characters."""

TAB, NEWLINE, RETURN, SPACE = b"\t\n\r "
QUOTE, BACKSLASH, COMMA, COLON, SEMICOLON, SLASH, PLUS, DASH, POINT, UNDERSCORE = b'"\\,:;/+-._'
OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY = b"{}[]"
ZERO, ONE, NINE = b"019"
UPPER_T, UPPER_Z = b"TZ"
LOWER_A, LOWER_B, LOWER_E, LOWER_F, LOWER_N, LOWER_R, LOWER_S, LOWER_T, LOWER_U, LOWER_Z = b"abefnrstuz"
