(format t "~a ↔ 硅藻 🦠~%" (read-line))
