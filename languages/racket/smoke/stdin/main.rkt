#lang racket/base
(let ([n (read)])
  (displayln (* n n)))
