(define-module (shapes square) #:export (area))

(define (area side) (* side side))
