(for-each (lambda (word) (format #t "<~a>~%" word)) (cdr (command-line)))
