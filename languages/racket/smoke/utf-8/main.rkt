#lang racket/base
(printf "~a ↔ 硅藻 🦠\n" (read-line))
