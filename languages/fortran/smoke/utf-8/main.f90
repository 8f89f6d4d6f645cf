program main
  character(len=64) :: text
  read '(a)', text
  print '(2a)', trim(text), ' ↔ 硅藻 🦠'
end program
