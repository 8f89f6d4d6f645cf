program main
  use shapes
  print '(i0)', area(3)
end program
