(defun area (side) (* side side))
