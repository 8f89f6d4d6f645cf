#lang racket/base
(provide area)
(define (area side) (* side side))
