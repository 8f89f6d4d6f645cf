(defun fail (n)
  (error "boom ~a" n))

(fail 3)
