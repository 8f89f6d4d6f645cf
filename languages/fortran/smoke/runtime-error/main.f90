program main
  character(len=3) :: text = 'abc'
  integer :: n
  read (text, *) n
  print *, n
end program
