program main
  integer :: n
  read *, n
  print '(i0)', n * n
end program
