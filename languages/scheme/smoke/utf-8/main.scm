(use-modules (ice-9 rdelim))
(display (read-line))
(display " ↔ 硅藻 🦠\n")
