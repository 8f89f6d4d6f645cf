program main
  implicit none
  integer :: n
  n = missing
end program
