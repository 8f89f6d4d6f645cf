#lang racket/base
(displayln "err" (current-error-port))
(displayln "out")
