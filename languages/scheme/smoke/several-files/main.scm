(use-modules (shapes square))
(display (area 3))
(newline)
