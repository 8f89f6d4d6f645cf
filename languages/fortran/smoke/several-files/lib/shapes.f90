module shapes
contains
  integer function area(side)
    integer, intent(in) :: side
    area = side * side
  end function
end module
