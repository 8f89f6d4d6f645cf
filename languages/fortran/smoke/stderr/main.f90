program main
  use iso_fortran_env, only: error_unit
  write (error_unit, '(a)') 'err'
  print '(a)', 'out'
end program
