#lang racket/base
(require "shapes/square.rkt")
(displayln (area 3))
