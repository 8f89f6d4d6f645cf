def area: . * .;
